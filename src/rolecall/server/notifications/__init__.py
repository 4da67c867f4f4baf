"""What people and programs are told by themselves: each thing once, as each of them wants it."""
