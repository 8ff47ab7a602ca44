"""The faces: the command line."""
