# SPDX-License-Identifier: Apache-2.0
# Bash completion for upbeat: commands as --help lists them, nodes and VMs as the daemon knows them.

# Prints the commands under the words given.
_upbeat_commands() {
  upbeat "$@" --help 2>/dev/null | awk '/^Subcommands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }'
}

# Prints the options of the command given.
_upbeat_options() {
  upbeat "$@" --help 2>/dev/null | grep -oE '(^|[ ,])--[a-z-]+' | tr -d ' ,'
}

# Prints the names of nodes, VMs or rules: the first column of a list.
_upbeat_names() {
  timeout 2 upbeat "$1" "${2:-list}" 2>/dev/null | awk 'NR > 1 && NF > 1 { print $1 }'
}

_upbeat() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" word choices="" command=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "${word}" == -* ]] && break
    command+=("${word}")
    # Names follow a command of one or two words; they do not belong to it.
    case "${command[*]}" in
      vm | node | rule | policy | lab | measure) ;;
      *) break ;;
    esac
  done
  COMPREPLY=()
  if [[ "${command[*]}" == drill && "${previous}" == --@(drain|watchdog) ]]; then
    choices="$(_upbeat_names node)"
  elif [[ "${current}" == -* ]]; then
    choices="$(_upbeat_options "${command[@]}")"
  else
    case "${command[*]}" in
      "" | vm | node | rule | policy | lab | measure) choices="$(_upbeat_commands "${command[@]}")" ;;
      drain | undrain | maintenance | "node show" | "node confirm-off") choices="$(_upbeat_names node)" ;;
      explain) choices="$(_upbeat_names node; _upbeat_names vm)" ;;
      "rule remove") choices="$(_upbeat_names rule)" ;;
      "rule add") choices="together apart on off $(_upbeat_names vm)" ;;
      "policy set") choices="$(_upbeat_names policy show) stay return migrate restart hold" ;;
      "vm define") mapfile -t COMPREPLY < <(compgen -f -- "${current}"); return ;;
      "vm migrate") choices="$(_upbeat_names vm; _upbeat_names node)" ;;
      "vm "*) choices="$(_upbeat_names vm)" ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "${choices}" -- "${current}")
}

complete -F _upbeat upbeat
