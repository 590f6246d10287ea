"""Models, one file each: file name = function name = config name."""
