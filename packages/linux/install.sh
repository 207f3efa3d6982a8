#!/bin/sh
# Puts Seamseg Studio into the menu of this user and makes it open its projects; with "remove" takes both away again.
# Usage: ./install.sh [remove]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
icon=$data/icons/hicolor/scalable/apps/seamseg-studio.svg
entry=$data/applications/seamseg-studio.desktop
types=$data/mime/packages/seamseg-studio.xml

refresh() {
    if command -v update-mime-database >/dev/null 2>&1; then update-mime-database "$data/mime" || true; fi
    if command -v update-desktop-database >/dev/null 2>&1; then update-desktop-database "$data/applications" || true; fi
}

if [ "${1:-}" = remove ]; then
    rm -f "$icon" "$entry" "$types"
    refresh
    echo "install: removed from the menu; the folder $here can be deleted"
    exit 0
fi
[ -x "$here/seamseg-studio" ] || { echo "install: $here: there is no program here; run it in the unpacked folder" >&2; exit 1; }
mkdir -p "$(dirname "$icon")" "$(dirname "$entry")" "$(dirname "$types")"
cp "$here/seamseg-studio.svg" "$icon"
cp "$here/seamseg-studio.xml" "$types"
sed "s|^Exec=seamseg-studio|Exec=\"$here/seamseg-studio\"|" "$here/seamseg-studio.desktop" > "$entry"
refresh
echo "install: Seamseg Studio is in the menu; it opens projects (project.db) and folders of images"
