# DRBD's metadata on a disk: where it is, and the generation identifiers in it.

# superblock DEVICE BYTE|end: DRBD's own block of metadata that begins at that byte, or that internal metadata has at the end:
# "none", "v08 UUID GI", or "v09 UUID NODE OLDER PEER GI [PEER GI]…".
# UUID is the device's. GI has the identifiers as drbdmeta's get-gi prints them, and the first two of its flags.
# DRBD 9 keeps a bitmap identifier for each peer, in a slot by the peer's node id. NODE is the host's own id, -1 before the
# first attach. Each PEER is an id whose slot is in use (it has a bitmap, or flags of a peer), and GI has the bitmap identifier
# of that slot. Where no slot is in use, they all hold the same, and the first that is not the host's own stands for them.
# OLDER are the identifiers of the history that get-gi leaves out, "-" for none.
superblock() {
  perl -e "$superblock_pl" "$1" "$2" 2>&1
}

# gi MINOR DEVICE PLACE: the generation identifiers in the metadata of a device that is not attached: "none", "v08 GI" as
# drbdmeta prints it, or what superblock says of v09. drbdmeta's get-gi says nothing and answers 1 where there is none of that
# version, and fails where the device is in use. For v09 it wants to be told whose slot to read, which only the superblock tells.
gi() {
  old=$(drbdmeta "$1" v08 "$2" "$3" get-gi </dev/null 2>&1); code=$?
  if [ $code = 0 ]; then echo "v08 $old"; return; fi
  if [ $code = 1 ] && [ -z "$old" ]; then
    case $3 in
      internal) new=$(superblock "$2" end) ;;
      flex-external) new=$(superblock "$2" 0) ;;
      # A slot of 128 MiB of a disk that several devices share.
      *) new=$(superblock "$2" $(($3 * 134217728))) ;;
    esac
    case $new in none|v09*) echo "$new"; return ;; esac
    old=$new
  fi
  echo "error $code $old"
}

# metadata_at DEVICE BYTES: the metadata that lies where internal metadata lay while the device had so many bytes, as superblock
# says it. drbdmeta itself looks at the end of the device only.
metadata_at() { superblock "$1" $(( $2 / 4096 * 4096 - 4096 )); }

# metadata_behind DEVICE BYTES: how many bytes a device had when DRBD's internal metadata was at its end, by what lies behind a
# filesystem of so many bytes now; nothing where there is none. Of several, the last: what is older stays where a device grew
# while it ran. Looked for as far as it can be behind a filesystem that took all that DRBD left it.
metadata_behind() {
  perl -e "$metadata_behind_pl" "$1" "$2"
}

# metadata_bytes BYTES: what internal metadata takes of a disk, and what it leaves unused behind it (metadata-size.ts).
# shellcheck disable=SC2017 # rounded on purpose, as drbdmeta does
metadata_bytes() { echo $(( 36864 + ((($1 + 4095) / 4096 + 63) / 64 * 8 + 4095) / 4096 * 4096 + $1 % 4096 )); }
