"""The admin listener: who may ask what of the records, over HTTP, and that it is written down."""
