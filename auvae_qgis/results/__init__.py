"""A result as QGIS shows and changes it: layers, styles, names, values under the cursor."""
