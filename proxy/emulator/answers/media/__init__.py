"""Pictures, sounds and films that are made, heard and seen. `compose` enters through `made` and `seen`."""
