"""Generated from the .proto text by tools/generate_protos.py; do not edit."""
