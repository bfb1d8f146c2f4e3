#!/bin/sh
# Installs the programs that the tests use, where that can be done without
# asking: as root on Debian or Ubuntu. Elsewhere it says what is missing, and
# the tests that need it skip themselves, or fail if CI=true.
set -eu

packages=
need() { # need PACKAGE COMMAND...: wants PACKAGE unless COMMAND succeeds
	package=$1
	shift
	"$@" >/dev/null 2>&1 || packages="$packages $package"
}
has_server() { command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb; }
has() { command -v "$1"; }

need gcc has gcc
need libc6-dev test -e /usr/include/stdlib.h
need postgresql has_server
need pgbouncer test -x /usr/sbin/pgbouncer
need curl has curl
need strace has strace
# The gateways whose recipes are run.
need nginx has nginx
need caddy has caddy
need haproxy has haproxy
need nodejs has node
need npm has npm
need chromium has chromium
need perl has perl
need libopenapi-client-perl perl -MOpenAPI::Client -e 1

[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "Not installed, so some tests are skipped:$packages" >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# The tests run servers of their own: do not start one for the machine.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
	echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
# Nor gateways. A policy that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# The list is split into words on purpose.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages
