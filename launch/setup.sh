# Sourced by the scripts beside it. Finds Swift, installs through apt the packages that a build needs, and builds.
# `DISTTRAIN_WITHOUT_MPI=1` leaves MPI out of all of it.
# shellcheck shell=bash

# As the compiler names it: without symbolic links.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# In a folder that launch/pack has made all is there, and nothing is installed or built.
packed=
# shellcheck source=/dev/null
if [[ -e $root/environment ]]; then source "$root/environment"; fi
without_mpi=${DISTTRAIN_WITHOUT_MPI+yes}
# A build without MPI lives beside the one with it, so that changing over rebuilds nothing.
scratch=$root/.build${without_mpi:+-without-mpi}
products=$scratch/release
[[ ! $packed ]] || products=$root/bin
images=${DISTTRAIN_DATA:-/usr/share/datasets/fashion-mnist}

say() { printf '%s\n' "$@" >&2; }

die() {
  say "$@"
  exit 1
}

require_swift() {
  # A tilde is the home that the system knows, even where HOME is not set.
  local folder swiftly=${SWIFTLY_BIN_DIR:-~/.local/share/swiftly/bin}
  for folder in /opt/swift/usr/bin "$swiftly"; do
    if ! command -v swift >/dev/null && [[ -x $folder/swift ]]; then PATH=$folder:$PATH; fi
  done
  # shellcheck disable=SC2016
  command -v swift >/dev/null || die \
    'Swift is missing. Install it (https://www.swift.org/install/linux) with:' \
    '' \
    "  curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz &&" \
    "    tar zxf swiftly-$(uname -m).tar.gz &&" \
    '    ./swiftly init --quiet-shell-followup &&' \
    '    . "${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}/env.sh" &&' \
    '    hash -r' \
    '' \
    'and run this again.'
}

# Whether a Debian package is installed or what a build needs of it is there otherwise, as from a cluster's modules.
is_present() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) != installed ]] || return 0
  case $1 in
    pkg-config) command -v pkg-config ;;
    libopenblas-dev) pkg-config --exists openblas ;;
    zlib1g-dev) pkg-config --exists zlib ;;
    libopenmpi-dev) pkg-config --exists ompi-c ;;
    openmpi-bin) [[ $(mpirun --version) == *'Open MPI'* ]] ;;
    g++) compiles_cpp ;;
    iproute2) command -v ip && command -v tc ;;
    dataset-fashion-mnist) [[ -d $images ]] ;;
    *) false ;;
  esac >/dev/null 2>&1
}

# Runs apt-get as root and shows what it printed only when it fails.
apt_get() {
  local command=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@") output
  [[ $EUID -eq 0 ]] || command=(sudo "${command[@]}")
  if ! output=$("${command[@]}" 2>&1); then
    say "$output" "apt-get $* failed."
    return 1
  fi
}

has_slurm() { command -v slurmctld && command -v slurmd && command -v srun; } >/dev/null

# The file of the library that reads JPEG pictures; empty where it is missing. All lines are read: a pipe that is closed
# on ldconfig would fail the scripts that have pipefail.
turbojpeg() {
  PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | awk '$1 == "libturbojpeg.so.0" && !n++ { print $NF }'
}

# The package with that library, where it is missing and apt has one.
jpeg_package() {
  local package
  [[ ! $(turbojpeg) ]] || return 0
  for package in libturbojpeg0 libturbojpeg; do
    if apt_knows "$package"; then echo "$package" && break; fi
  done
}

# Whether apt has these packages, by what it knows or else by what it then learns.
apt_knows() {
  command -v apt-get >/dev/null || return 1
  apt-cache show --no-all-versions "$@" >/dev/null 2>&1 && return
  apt_get update && apt-cache show --no-all-versions "$@" >/dev/null 2>&1
}

can_become_root() {
  [[ $EUID -eq 0 ]] && return
  command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }
}

# Arguments: packages beyond those that a build needs. Where some are missing, what reads JPEG pictures is installed with
# them if it can be.
require_packages() {
  local required=(pkg-config libopenblas-dev zlib1g-dev dataset-fashion-mnist "$@") missing=() package
  [[ $without_mpi ]] || required+=(libopenmpi-dev openmpi-bin)
  for package in "${required[@]}"; do
    is_present "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  if ! command -v apt-get >/dev/null; then
    say "Missing here, under their Debian names: ${missing[*]}" \
      'Install what your system calls them (Open MPI, OpenBLAS and zlib with their headers, pkg-config,' \
      "Fashion-MNIST in $images or where DISTTRAIN_DATA says) and run this again."
  elif ! can_become_root; then
    say "Missing: ${missing[*]}" 'Installing them needs an administrator:' '' \
      "  sudo apt-get update && sudo apt-get install -y ${missing[*]}" '' \
      "What the modules of a cluster have is found, too: see \"Without an administrator\" in docs/launching.md."
  else
    say "Installing ${missing[*]}"
    apt_knows "${missing[@]}" || true
    [[ ${missing[*]} == *turbojpeg* ]] || mapfile -t -O ${#missing[@]} missing < <(jpeg_package)
    apt_get install "${missing[@]}" && return
    # Lists of another day name versions that servers have no more.
    say 'Trying once more, with new lists of packages'
    apt_get update && apt_get install "${missing[@]}" && return
  fi
  if [[ ${missing[*]} == *openmpi* ]]; then
    say '' 'Without MPI, the same job runs in one process:' '' '  DISTTRAIN_WITHOUT_MPI=1 ./launch/train'
  fi
  exit 1
}

# Whether Swift's clang compiles C++. It takes the headers of the newest gcc that has a folder, which libopenmpi-dev may
# bring without them.
compiles_cpp() {
  echo '#include <functional>' | "$(dirname "$(command -v swift)")/clang" -x c++ -fsyntax-only - 2>/dev/null
}

set_up() {
  [[ ! $packed ]] || return 0
  require_swift
  require_packages "$@"
}

# The flags by which a build is linked with clang's own library where gcc's, before version 12, does not know the levels
# x86-64-v3 and -v4, by which the kernels are chosen: without them all are those for SSE2.
link_flags() {
  local clang
  clang=$(dirname "$(command -v swift)")/clang
  if [[ $(uname -m) == x86_64 && $("$clang" -print-libgcc-file-name 2>/dev/null) =~ /([0-9]+)[^/]*/libgcc\.a$ ]] &&
    ((BASH_REMATCH[1] < 12)); then
    printf '%s\n' -Xlinker "$("$clang" --rtlib=compiler-rt -print-libgcc-file-name)"
  fi
}

# `swift build` of this package in release mode, its output on standard error.
build() {
  [[ ! $packed ]] || return 0
  local flags
  mapfile -t flags < <(link_flags)
  swift build -c release --package-path "$root" --scratch-path "$scratch" "${flags[@]}" "$@" >&2
}

# virtual_environment FOLDER TITLE PACKAGE ...: a Python environment with these packages, which TITLE names. An
# installation that was interrupted is made anew.
virtual_environment() {
  [[ ! -e $1/complete ]] || return 0
  command -v python3 >/dev/null || die "Installing $2 needs Python 3: install python3 and python3-venv."
  say "Installing $2 into $1"
  python3 -m venv --clear "$1" && "$1/bin/python3" -m pip install --quiet --disable-pip-version-check "${@:3}" >&2 &&
    touch "$1/complete"
}

# write_images FROM TO COUNT: a folder of the first COUNT images of each part of a data set like MNIST
write_images() {
  local from=$1 to=$2 count=$3 name
  compgen -G "$from/train-images-idx3-ubyte*" >/dev/null ||
    die "$from has no file train-images-idx3-ubyte or train-images-idx3-ubyte.gz: DISTTRAIN_DATA names another folder."
  # part NAME START LENGTH: bytes of a file of images or labels
  part() { (set +o pipefail && zcat -f "$from/$1"* | tail -c "+$2" | head -c "$3"); }
  # number VALUE: its four bytes, the highest first
  number() { printf '%b' "$(printf '\\x%02x' $(($1 >> 24)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"; }
  mkdir "$to"
  for name in train t10k; do
    { number 2051 && number "$count" && number 28 && number 28 && part "$name-images-idx3-ubyte" 17 $((count * 784)); } |
      gzip >"$to/$name-images-idx3-ubyte.gz"
    { number 2049 && number "$count" && part "$name-labels-idx1-ubyte" 9 "$count"; } |
      gzip >"$to/$name-labels-idx1-ubyte.gz"
  done
}
