"""Uploads: photographs that clients put into the object store by themselves, so that the API never has them."""
