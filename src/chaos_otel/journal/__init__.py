"""The journal: the durable, ordered line between capture and delivery."""
