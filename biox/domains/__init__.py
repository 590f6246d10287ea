"""One package a field: read its formats, simulate with planted truth, validate."""
