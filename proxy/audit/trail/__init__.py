"""What the trail is made of: RFC 6962 trees, C2SP tiles and notes, leaves about records. Pure; anybody may enter."""
