"""The ground floor: types, settings, files, provenance."""
