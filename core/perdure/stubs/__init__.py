"""Modules and names as types: the source of a Python module in which checkers know what each name of a status holds."""
