{{/* The sidecar that keeps the repository checked out. What it has fetched lies in folders of their own; the link /dags/repo
     leads to the newest of them and is changed in one step, which the daemon sees. */}}
{{- define "goflow.git" -}}
{{- $git := .Values.dags.git -}}
- name: git-sync
  image: {{ include "goflow.image" (list $git.image .) }}
  {{- with $git.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  # Begins before the daemon, works beside it, ends after it.
  restartPolicy: Always
  args:
    - --repo={{ $git.repository }}
    - --ref={{ $git.ref }}
    - --root=/dags
    - --link=repo
    - --depth={{ $git.depth }}
    - --submodules={{ $git.submodules }}
    - --period={{ $git.period }}
    # A server that is away is asked again, for ever.
    - --max-failures=-1
    # Whoever still reads the folder of the commit before gets to its end.
    - --stale-worktree-timeout=5m
    - --http-bind=:8082
    {{- if $git.sshKey.existingSecret.name }}
    - --ssh-key-file=/etc/git-secret/ssh
    {{- if $git.sshKey.existingSecret.knownHostsKey }}
    - --ssh-known-hosts-file=/etc/git-secret/known_hosts
    {{- else }}
    - --ssh-known-hosts=false
    {{- end }}
    {{- end }}
    {{- if or $git.token.value $git.token.existingSecret.name }}
    - --username={{ $git.username }}
    {{- end }}
  {{- if $git.sshKey.existingSecret.name }}
  env:
    - name: GITSYNC_SSH
      value: "true"
  {{- else if or $git.token.value $git.token.existingSecret.name }}
  env:
    - name: GITSYNC_PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ default (include "goflow.secretName" .) $git.token.existingSecret.name }}
          key: {{ ternary $git.token.existingSecret.key "git-token" (ne $git.token.existingSecret.name "") }}
  {{- end }}
  # Answers with 200 from the first checkout on: the daemon is not to take a folder for empty that has not come yet.
  startupProbe:
    httpGet: {path: /, port: 8082}
    periodSeconds: 2
    failureThreshold: 150
  securityContext:
    {{- toYaml (mergeOverwrite (deepCopy .Values.securityContext) $git.securityContext) | nindent 4 }}
  resources:
    {{- toYaml $git.resources | nindent 4 }}
  volumeMounts:
    - {name: dags, mountPath: /dags}
    - {name: git-tmp, mountPath: /tmp}
    {{- if $git.sshKey.existingSecret.name }}
    - {name: git-secret, mountPath: /etc/git-secret, readOnly: true}
    {{- end }}
{{- end -}}

{{- define "goflow.gitVolumes" -}}
- name: dags
  emptyDir: {}
- name: git-tmp
  emptyDir: {}
{{- with .Values.dags.git.sshKey.existingSecret }}
{{- if .name }}
- name: git-secret
  secret:
    secretName: {{ .name }}
    # Its owner is root; the group of the pod may read it. SSH is content with that.
    defaultMode: 0400
    items:
      - {key: {{ .key | quote }}, path: ssh}
      {{- with .knownHostsKey }}
      - {key: {{ . | quote }}, path: known_hosts}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}
