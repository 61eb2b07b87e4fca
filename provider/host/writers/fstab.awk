# fstab.sh: all lines but our own of the device. Somebody's line of the device becomes a comment when ours comes, and that
# comment a line again when it is given back.
function isOf(device) { return index(ENVIRON["names"], " " device " ") > 0 }
index($0, ENVIRON["kept"]) == 1 && ENVIRON["back"] != "" {
  rest = substr($0, length(ENVIRON["kept"]) + 1)
  split(rest, word)
  if (isOf(word[1])) { print rest; next }
}
!isOf($1) { print; next }
$0 ~ ENVIRON["own"] { next }
{ print (ENVIRON["line"] != "" ? ENVIRON["kept"] : "") $0 }
