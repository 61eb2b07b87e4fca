# probe.sh: the minors that are connected and UpToDate; with `!` where they are Primary and not mounted. Beside them, all that
# are Primary, as `primary:MINOR`. From /proc/self/mountinfo and what `drbdsetup events2 --now` says.
function field(key,  i) { for (i = 3; i <= NF; i++) if (index($i, key ":") == 1) return substr($i, length(key) + 2); return "" }
FILENAME == "/proc/self/mountinfo" { for (i = 7; i < NF; i++) if ($i == "-") mounted[$(i + 2)] = 1; next }
$2 == "resource" { role[field("name")] = field("role") }
$2 == "connection" { connection[field("name")] = field("connection") }
$2 == "peer-device" && field("replication") == "Off" { delete connection[field("name")] }
$2 == "device" { resource[field("minor")] = field("name"); disk[field("minor")] = field("disk") }
END {
  for (minor in resource) {
    name = resource[minor]
    if (role[name] == "Primary") printf("primary:%s ", minor)
    if (disk[minor] == "UpToDate" && connection[name] == "Connected")
      printf("%s%s ", minor, role[name] != "Primary" || ("/dev/drbd" minor) in mounted ? "" : "!")
  }
}
