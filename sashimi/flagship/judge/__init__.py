"""What an answer is worth: scores, floors, failures by stage."""
