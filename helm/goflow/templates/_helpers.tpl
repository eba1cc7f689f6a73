{{/* What the objects are called: the release's name, with the chart's unless it is in there. */}}
{{- define "goflow.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 55 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 55 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What picks the daemon's pod. */}}
{{- define "goflow.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: daemon
{{- end -}}

{{/* What every object bears. */}}
{{- define "goflow.labels" -}}
{{ include "goflow.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The full name of an image; called with a list of its values and the root. */}}
{{- define "goflow.image" -}}
{{- $image := index . 0 -}}{{- $root := index . 1 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "goflow.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "goflow.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The namespaces of the Jobs, as a JSON list. */}}
{{- define "goflow.jobNamespaces" -}}
{{- default (list .Release.Namespace) .Values.jobs.namespaces | uniq | toJson -}}
{{- end -}}

{{/* Not empty where the database is a PostgreSQL, which daemons can share. */}}
{{- define "goflow.postgres" -}}
{{- or .Values.database.url .Values.database.existingSecret.name -}}
{{- end -}}

{{- define "goflow.installation" -}}
{{- default (printf "%s.%s" .Release.Namespace .Release.Name) .Values.jobs.installation -}}
{{- end -}}

{{/* What the names of the daemons' Leases begin with, as goflow.members.kube_lessor makes them. */}}
{{- define "goflow.leases" -}}
{{- regexReplaceAll "[^a-z0-9.-]+" (include "goflow.installation" . | lower) "-" | trimAll "-." | trunc 200 -}}
{{- end -}}

{{/* The Secret that the chart makes, for what is given as a value and for what it makes up. */}}
{{- define "goflow.secretName" -}}
{{- include "goflow.fullname" . -}}
{{- end -}}

{{/* A token that stays the same over upgrades: what the Secret holds already, else a new one. */}}
{{- define "goflow.apiToken" -}}
{{- $old := (lookup "v1" "Secret" .Release.Namespace (include "goflow.secretName" .)).data | default dict -}}
{{- if .Values.apiToken.value -}}
{{- .Values.apiToken.value -}}
{{- else if index $old "api-token" -}}
{{- index $old "api-token" | b64dec -}}
{{- else -}}
{{- randAlphaNum 40 -}}
{{- end -}}
{{- end -}}

{{/* An environment variable from a Secret: a list of its name, the values with existingSecret, the key in the chart's
     own Secret, and the root. */}}
{{- define "goflow.secretVariable" -}}
{{- $values := index . 1 -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
{{- if $values.existingSecret.name }}
      name: {{ $values.existingSecret.name }}
      key: {{ $values.existingSecret.key }}
{{- else }}
      name: {{ include "goflow.secretName" (index . 3) }}
      key: {{ index . 2 }}
{{- end }}
{{- end -}}

{{/* Contradictions that the schema cannot see; renders nothing. */}}
{{- define "goflow.check" -}}
{{- $dags := .Values.dags -}}
{{- $sources := list -}}
{{- if $dags.files }}{{ $sources = append $sources "dags.files" }}{{ end -}}
{{- if $dags.configMap }}{{ $sources = append $sources "dags.configMap" }}{{ end -}}
{{- if $dags.persistentVolumeClaim.claimName }}{{ $sources = append $sources "dags.persistentVolumeClaim.claimName" }}{{ end -}}
{{- if ne (len $sources) 1 -}}
{{- fail (printf "the DAG folder comes from exactly one of dags.files, dags.configMap and dags.persistentVolumeClaim.claimName; given: %s" (join ", " $sources | default "none")) -}}
{{- end -}}
{{- if and .Values.database.url .Values.database.existingSecret.name -}}
{{- fail "database.url and database.existingSecret exclude each other" -}}
{{- end -}}
{{- if and (include "goflow.postgres" .) (not (or .Values.encryptionKey.value .Values.encryptionKey.existingSecret.name)) -}}
{{- fail "with PostgreSQL the encryption key must outlive the pod: give encryptionKey.value or encryptionKey.existingSecret" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if not (include "goflow.postgres" .) -}}
{{- fail "replicas above 1 need PostgreSQL (database.url or database.existingSecret): SQLite has room for one daemon" -}}
{{- end -}}
{{- if .Values.home.persistence.enabled -}}
{{- fail "replicas above 1 need a home each: leave home.persistence.enabled out, nothing in it has to outlive a pod" -}}
{{- end -}}
{{- end -}}
{{- end -}}
