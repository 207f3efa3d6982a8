"""What people read: messages, sentences in their language, and texts from strangers as they are."""
