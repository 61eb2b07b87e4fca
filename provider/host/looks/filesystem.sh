# What a filesystem says of itself, by its own superblock.

# filesystem_bytes DEVICE: how much of it its filesystem takes by its own superblock (XFS, ext2 to ext4); nothing for others.
filesystem_bytes() {
  perl -e "$filesystem_bytes_pl" "$1"
}

# xfs_geometry DEVICE: an XFS' sector size and features by its superblock, and `unfinished`; nothing where it holds none.
xfs_geometry() {
  perl -e "$xfs_geometry_pl" "$1"
}
