# A user's own files in the place of ours, as a destroy would give them back, and what drbdadm would change of what runs then.

# try_given_back NUMBER RESOURCE COMMON TEXT LEFT…: the texts of both files, and the installed files that are left out for them.
# The texts are told again, so that an answer is never taken for one about other files.
try_given_back() {
  command -v drbdadm >/dev/null || return 0
  say back "$2" "$1"
  resource=$2
  say common; printf %s "$3"; say exit 0
  say file; printf %s "$4"; say exit 0
  common=$3 text=$4
  shift 4
  whole=$(installed_but "$@"; printf %s "$common$text")
  say change; as_whole print_whole drbdadm -c - -d adjust "$resource"; say exit $?
}

print_whole() { printf '%s\n' "$whole"; }
