"""Documents people read: what is in them, checked and picked out."""
