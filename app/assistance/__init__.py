"""What the model does for a person: labels, answers, follows corrections, says where to look, learns."""
