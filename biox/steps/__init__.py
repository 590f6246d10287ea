"""The steps of a study, one file a verb: data and settings go in, data comes out."""
