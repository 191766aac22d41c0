"""A credential that somebody offers for one wish: whose clients nobody else cares for, held in memory until it is carried out."""
