"""Status codes: the catalogue, the families that plugins extend, and the lifecycles that say how a status may move."""
