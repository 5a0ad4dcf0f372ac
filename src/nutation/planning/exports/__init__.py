"""A plan for other systems: meshes (STL, glTF), volumes (NIfTI), and DICOM (segmentation, encapsulated PDF).

Everything leaves in the input's own space, LPS millimetres, but glTF, whose own convention is metres with y up.
Each writer gives the file as bytes; the libraries behind them are imported when a writer is called.
"""
