# Whether anything stands on a disk, and a hash of what does.

# contents DEVICE [BEHIND]: "zero BYTES" when every place of it is zero, else "data OFFSET". BEHIND is how much at the end is
# not looked at.
contents() {
  perl -e "$places_pl$contents_pl" "$1" "${2:-0}" 2>&1
}

# fingerprint DEVICE: a hash of those places.
fingerprint() {
  perl -e "$places_pl$fingerprint_pl" "$1" | sha256sum | cut -c1-16
}
