"""What Hannun says about itself: metrics, outcomes of what it received, standing problems, logs."""
