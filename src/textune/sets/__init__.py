"""Examples become sound sets: parted, balanced, and looked over for what is wrong with them."""
