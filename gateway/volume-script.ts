/**
 * What a helper container does in the volume, which it has at `/volume` (`ContainerShell` speaks to it). With `write` it
 * holds the volume's lock as long as it lives: the kernel gives it back however the helper ends. A `put` that fails ends it,
 * because nobody knows how much of the content is still to be read.
 */
export const volumeScript = `
LC_ALL=C; umask 077; cd /volume || exit 1
answer() { printf '%s %s\\n' "$1" "\${#2}"; printf '%s' "$2"; }
aside=.incoming
put() { # path mode owner bytes: whole or not at all
  rm -rf "$aside" && (umask 022; mkdir -p "$(dirname "$1")") && head -c "$4" >"$aside" || return 1
  [ "$(stat -c %s "$aside")" = "$4" ] || { echo 'the connection broke'; return 1; }
  chmod "$2" "$aside" && chown "$3" "$aside" && sync "$aside" && mv -fT "$aside" "$1"
}
try() { # directory: HAProxy's own check of each configuration, as its user, with the paths that it will have
  rm -rf /gateway/* && ln -s /volume/* /gateway/ && ln -sfnT "/volume/$1" /gateway/current &&
    for config in /gateway/current/*.cfg; do
      setpriv --reuid=99 --regid=99 --clear-groups --no-new-privs haproxy -W -c -f "$config" || return 1
    done
}
swap() { ln -sfnT "$2" "$aside" && mv -fT "$aside" "$1" && sync .; }
if [ "$1" = write ]; then exec 9>.lock && flock --wait 60 9 || { answer 1 'somebody else has been changing it for a minute'; exit 1; }; fi
answer 0 ''
while read -r bytes verb path mode owner; do
  case "$verb" in
    get) if [ -e "$path" ]; then text=$(cat "$path" && printf x); answer $? "\${text%x}"; else answer 2 ''; fi ;;
    put) text=$(put "$path" "$mode" "$owner" "$bytes" 2>&1); code=$?; answer $code "$text"; [ $code = 0 ] || exit 1 ;;
    try) text=$(try "$path" 2>&1); answer $? "$text" ;;
    swap) text=$(swap "$path" "$mode" 2>&1); answer $? "$text" ;;
    link) text=$(readlink "$path"); answer 0 "$text" ;;
    list) text=$(ls -1t "$path" 2>/dev/null); answer 0 "$text" ;;
    drop) text=$(rm -rf "$path" 2>&1); answer $? "$text" ;;
  esac
done
`;
