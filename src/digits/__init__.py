"""Train the classic network on MNIST in seconds, see what happened, change anything."""
