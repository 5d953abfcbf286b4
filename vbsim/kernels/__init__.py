"""The only folder that imports numba: short loops over arrays, proved against plain versions."""
