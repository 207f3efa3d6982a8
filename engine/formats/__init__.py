"""Readers and writers of images and labelled datasets, one file per format; `registry.FORMATS` lists them."""
