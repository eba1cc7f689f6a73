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

{{- define "goflow.triggersName" -}}
{{- include "goflow.fullname" . -}}-triggers
{{- end -}}

{{/* What picks the trigger runners' pods. */}}
{{- define "goflow.triggersSelector" -}}
app.kubernetes.io/name: {{ include "goflow.triggersName" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* How pods spread: a list of the constraints, and what picks the pods where a constraint does not say it. */}}
{{- define "goflow.spread" -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (index . 1 | fromYaml)) -}}
{{- $all := list -}}
{{- range index . 0 -}}
{{- $all = append $all (hasKey . "labelSelector" | ternary . (merge (deepCopy .) $selector)) -}}
{{- end -}}
{{- toYaml $all -}}
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

{{/* The settings that are secret, and where their values stand. What is given by value lies in the chart's own Secret, under
     the setting's name with hyphens. */}}
{{- define "goflow.secretSettings" -}}
api_token: apiToken
database_url: database
encryption_key: encryptionKey
admin_password: adminPassword
oidc_client_secret: oidcClientSecret
smtp_password: smtpPassword
logs_elasticsearch_password: logsElasticsearchPassword
logs_elasticsearch_api_key: logsElasticsearchApiKey
{{- end -}}

{{/* What of them was given as a value, as YAML: keys of the chart's own Secret. */}}
{{- define "goflow.givenSecrets" -}}
{{- $data := dict -}}
{{- $root := . -}}
{{- range $setting, $place := include "goflow.secretSettings" . | fromYaml -}}
{{- $values := index $root.Values $place -}}
{{- with coalesce $values.url $values.value -}}
{{- $_ := set $data ($setting | replace "_" "-") . -}}
{{- end -}}
{{- end -}}
{{- with .Values.dags.git.token.value -}}
{{- $_ := set $data "git-token" . -}}
{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/* The daemon's environment variables that come from Secrets. */}}
{{- define "goflow.secretVariables" -}}
{{- $root := . -}}
{{- range $setting, $place := include "goflow.secretSettings" . | fromYaml -}}
{{- $values := index $root.Values $place -}}
{{- if or $values.url $values.value $values.existingSecret.name (eq $place "apiToken") }}
- name: GOFLOW_{{ upper $setting }}
  valueFrom:
    secretKeyRef:
      name: {{ default (include "goflow.secretName" $root) $values.existingSecret.name }}
      key: {{ ternary $values.existingSecret.key ($setting | replace "_" "-") (ne $values.existingSecret.name "") }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A file from a ConfigMap or Secret of the user's, or from the chart's own ConfigMap, as the source of a volume: a list of
     the values, what the chart's own ConfigMap is called, the file's name, and the root. Empty where there is no such file. */}}
{{- define "goflow.fileSource" -}}
{{- $values := index . 0 -}}{{- $own := index . 1 -}}{{- $file := index . 2 -}}
{{- $secret := default dict $values.existingSecret -}}
{{- $map := default dict $values.existingConfigMap -}}
{{- if $secret.name -}}
secret:
  secretName: {{ $secret.name }}
  items:
    - {key: {{ $secret.key | quote }}, path: {{ $file }}}
{{- else if $map.name -}}
configMap:
  name: {{ $map.name }}
  items:
    - {key: {{ $map.key | quote }}, path: {{ $file }}}
{{- else if coalesce $values.value $values.config -}}
configMap:
  name: {{ include "goflow.fullname" (index . 3) }}-{{ $own }}
{{- end -}}
{{- end -}}

{{- define "goflow.elasticsearchCa" -}}
{{- include "goflow.fileSource" (list .Values.logsElasticsearchCa "elasticsearch-ca" "ca.crt" .) -}}
{{- end -}}

{{- define "goflow.alerts" -}}
{{- include "goflow.fileSource" (list .Values.alerts "alerts" "alerts.yaml" .) -}}
{{- end -}}

{{/* Where people reach the page: what the settings say, else the first host of the Ingress. */}}
{{- define "goflow.publicUrl" -}}
{{- if .Values.settings.public_url -}}
{{- .Values.settings.public_url -}}
{{- else if and .Values.ingress.create .Values.ingress.hosts -}}
{{- ternary "https" "http" (gt (len .Values.ingress.tls) 0) -}}://{{- first .Values.ingress.hosts -}}
{{- end -}}
{{- end -}}

{{/* Where the daemon finds the DAG folder. */}}
{{- define "goflow.dagsFolder" -}}
{{- if .Values.dags.git.repository -}}
/dags/repo{{ with .Values.dags.git.subPath }}/{{ trimSuffix "/" . }}{{ end }}
{{- else -}}
/etc/goflow/dags
{{- end -}}
{{- end -}}

{{/* The DAG folder's source in words. */}}
{{- define "goflow.dagsSource" -}}
{{- with .Values.dags -}}
{{- if .git.repository -}}
{{- .git.repository }} ({{ .git.ref }})
{{- else if .persistentVolumeClaim.claimName -}}
the volume claim {{ .persistentVolumeClaim.claimName }}
{{- else -}}
the ConfigMap {{ default (printf "%s-dags" (include "goflow.fullname" $)) .configMap }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The command that prints a value of a Secret: a list of kubectl with its namespace, the Secret's name and the key. */}}
{{- define "goflow.secretOf" -}}
{{- index . 0 }} get secret {{ index . 1 }} --output go-template={{ printf "'{{index .data %q | base64decode}}'" (index . 2) }}
{{- end -}}
