# past.sh: what the kernel's log tells of a resource, from lines that begin with a time. The variables name and minors (each
# with a blank on both sides) say of which. DRBD 8.4 says `drbd r0: ` and `block drbd1: `, DRBD 9 `drbd r0 bravo: ` and
# `drbd r0/0 drbd1 bravo: `.
# It prints, of each the last one: `gone TIME ROLE DISK`, `verified TIME SECONDS`, `found KIB`, `verifying TIME`, `parted TIME`,
# and `met TIME`: a handshake that came to no connection, of which DRBD 8.4 tells one side alone why.
function joined(state) { return state ~ /^(Connected|Established|WFBitMap[ST]|WFSyncUUID|StartingSync[ST]|Sync(Source|Target)|PausedSync[ST]|Verify[ST]|Ahead|Behind)$/ }
# The states that stand between `WORD(` and `)` of what changed: from and to.
function change(line, word) {
  from = to = ""
  at = index(line, word "( ")
  if (at == 0) return 0
  split(substr(line, at + length(word) + 2), part, " ")
  from = part[1]; to = part[3]
  return part[2] == "->"
}
$0 == "cut off" { cut = 1; exit }
{
  ours = index($0, " drbd " name ": ") || index($0, " drbd " name " ") || index($0, " drbd " name "/")
  if (!ours && match($0, / block drbd[0-9]+: /)) ours = index(minors, " " substr($0, RSTART + 11, RLENGTH - 13) " ")
  if (!ours) next
  time = substr($1, 1, 19); sub(/T/, " ", time)
  if (change($0, "peer")) { if (to == "Unknown") left = from; else { left = ""; role = to } }
  # The peer's own disk, before it was out of sight.
  if (change($0, "pdsk")) {
    if (to == "DUnknown" || to == "Outdated") was = from
    if (gone != "" && gone == time) disk = was
  }
  if (change($0, "conn")) {
    if (joined(from) && !joined(to)) { gone = time; goneRole = left; disk = was; was = "" }
    else if (!joined(from) && joined(to)) { gone = ""; goneRole = ""; disk = ""; was = ""; met = "" }
    else if (from == "WFReportParams") met = time
  }
  if (index($0, "Split-Brain detected")) parted = time
  if (index($0, "conn( ") && index($0, "-> Connected )")) parted = ""
  if (index($0, "Starting Online Verify")) { verifying = time }
  if (index($0, "Online verify done")) {
    verified = time; verifying = ""; found = 0
    seconds = ""; if (match($0, /total [0-9]+ sec/)) seconds = substr($0, RSTART + 6, RLENGTH - 10)
  }
  if (match($0, /Online verify found [0-9]+ [0-9]+k block/)) {
    split(substr($0, RSTART, RLENGTH), word, " ")
    size = word[5]; sub(/k/, "", size)
    found += word[4] * size
    if (verified == "") verified = time
  }
}
END {
  if (cut) exit
  if (gone != "") print "gone", gone, (goneRole == "" ? "-" : goneRole), (disk == "" ? "-" : disk)
  if (verified != "") { print "verified", verified, (seconds == "" ? "-" : seconds); print "found", found + 0 }
  if (verifying != "") print "verifying", verifying
  if (parted != "") print "parted", parted
  if (met != "") print "met", met
}
