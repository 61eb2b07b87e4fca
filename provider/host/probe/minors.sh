# What is well of what DRBD runs, by what it says itself and by what is mounted. That takes no process.

# note_minors: sets minors, from $events, to those that are connected and UpToDate, with a blank on both sides of each; with `!`
# where they are Primary and not mounted. Beside them, all that are Primary, as `primary:MINOR`.
note_minors() {
  minors=' ' mounted=' ' primaries=' ' connected=' ' apart=' ' devices=''
  while IFS= read -r line; do
    case $line in
      *" - "*" /dev/drbd"*) line=${line##* - }; line=${line#* }; mounted="$mounted${line%% *} " ;;
    esac
  done </proc/self/mountinfo
  while read -r _ kind words; do
    case $kind in resource|connection|device|peer-device) ;; *) continue ;; esac
    name='' role='' connection='' replication='' minor='' disk=''
    for word in $words; do
      case $word in
        name:*) name=${word#*:} ;;
        role:*) role=${word#*:} ;;
        connection:*) connection=${word#*:} ;;
        replication:*) replication=${word#*:} ;;
        minor:*) minor=${word#*:} ;;
        disk:*) disk=${word#*:} ;;
      esac
    done
    case $kind:$role:$connection:$replication in
      resource:Primary:*) primaries="$primaries$name " ;;
      connection:*:Connected:*) connected="$connected$name " ;;
      connection:*|peer-device:*:Off) apart="$apart$name " ;;
      device:*) devices="$devices$minor $name $disk$newline" ;;
    esac
  done <<END
$events
END
  while read -r minor name disk; do
    not_mounted=''
    case $primaries in
      *" $name "*)
        minors="${minors}primary:$minor "
        case $mounted in *" /dev/drbd$minor "*) ;; *) not_mounted='!' ;; esac ;;
    esac
    case $disk:$apart in UpToDate:*" $name "*) continue ;; UpToDate:*) ;; *) continue ;; esac
    case $connected in *" $name "*) minors="$minors$minor$not_mounted " ;; esac
  done <<END
$devices
END
}
