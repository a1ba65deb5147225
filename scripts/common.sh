# Shared by the set-up scripts; source it. Gives: say, fail, cache, apt_install, need_pip, python_env.
# shellcheck shell=bash
set -euo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/slm"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
	say "$@"
	exit 1
}

# apt_install PACKAGE... installs Debian packages as root or through a sudo that asks nothing; false when it cannot.
apt_install() {
	local as=()
	command -v apt-get >/dev/null || return 1
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n true 2>/dev/null || return 1
		as=(sudo -n)
	fi
	say "installing $*"
	local options=(-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
	local install=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends "$@")
	"${install[@]}" >/dev/null 2>&1 && return 0
	# The package lists may be missing or old. A mirror that is down need not matter: the second installation decides.
	"${as[@]}" apt-get "${options[@]}" update >/dev/null 2>&1 || true
	"${install[@]}" >/dev/null 2>&1
}

# need_pip makes sure that `python3 -m pip` works.
need_pip() {
	command -v python3 >/dev/null || apt_install python3 || fail "python3 is not installed; install it and try again"
	python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || true
	python3 -m pip --version >/dev/null 2>&1 ||
		fail "python3 has no pip; install it (Debian: apt-get install python3-pip) and try again"
}

# python_env NAME PACKAGES [OPTION OF PIP]... makes the environment $cache/NAME, unless it is there with the same packages and CMAKE_ARGS.
python_env() {
	local venv="$cache/$1" packages=$2 want="$2${CMAKE_ARGS:+ $CMAKE_ARGS}"
	[ "$(cat "$venv/done" 2>/dev/null)" = "$want" ] && return 0
	say "making a Python environment with $packages"
	need_pip
	rm -rf "$venv"
	python3 -m venv "$venv" >/dev/null 2>&1 || {
		apt_install python3-venv && rm -rf "$venv" && python3 -m venv "$venv"
	} || fail "python3 cannot make an environment; install python3-venv and try again"
	# shellcheck disable=SC2086 # a list of packages
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "${@:3}" $packages ||
		fail "pip could not install $packages"
	echo "$want" >"$venv/done"
}
