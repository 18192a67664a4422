"""Sources of lines besides files. Adding one is adding a file."""
