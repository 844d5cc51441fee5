"""What `make fuzz` is made of: damaged and hostile files, by the thousand. No part of the plugin."""
