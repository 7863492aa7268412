# shellcheck shell=bash
# Converts a Kubernetes manifest to flags of `podman run`. To be sourced.

# manifest_flags FILE: one flag in each line. Supports only the fields and the layout of deploy/kubernetes/daemonset.yaml.
manifest_flags() {
    awk '
        function list(text, flag,    names, count, i) {
            gsub(/.*\[|\].*|,/, " ", text)
            count = split(text, names, " ")
            for (i = 1; i <= count; i++) print flag names[i]
        }
        function field(text, name) {
            if (!match(text, name ": [^,}]+")) return ""
            return substr(text, RSTART + length(name) + 2, RLENGTH - length(name) - 2)
        }
        /^ *hostPID: true/ { print "--pid=host" }
        /^ *hostNetwork: true/ { print "--network=host" }
        /^ *runAsUser: / { print "--user=" $2 }
        /^ *allowPrivilegeEscalation: false/ { print "--security-opt=no-new-privileges" }
        /^ *readOnlyRootFilesystem: true/ { print "--read-only\n--read-only-tmpfs=false" }
        /^ *drop: \[/ { list($0, "--cap-drop=") }
        /^ *add: \[/ { list($0, "--cap-add=") }
        /^ *limits: / { memory = field($0, "memory"); sub(/Mi$/, "m", memory); print "--memory=" memory }
        / mountPath: / {
            name = field($0, "name")
            target[name] = field($0, "mountPath")
            options[name] = /readOnly: true/ ? "ro" : "rw"
            if (/HostToContainer/) options[name] = options[name] ",rslave"
        }
        /^ *- name: / { volume = $3 }
        /^ *hostPath: / && volume in target {
            print "--volume=" field($0, "path") ":" target[volume] ":" options[volume]
        }' "$1"
}

# manifest_arguments FILE: the arguments of the program, one in each line.
manifest_arguments() {
    sed -nE 's/^ *args: \[(.*)\]$/\1/p' "$1" | tr -d '" ' | tr ',' '\n'
}

# manifest_directories FILE: the host's directories that the kubelet creates if they are missing, one in each line.
manifest_directories() {
    sed -nE 's/^ *hostPath: \{path: ([^,]+), type: DirectoryOrCreate\}$/\1/p' "$1"
}
