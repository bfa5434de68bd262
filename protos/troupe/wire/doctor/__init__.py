"""What `doctor` says, of every part in the same form: findings about the machine it runs on, and about its engines."""
