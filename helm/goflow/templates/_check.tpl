{{/* Contradictions that the schema cannot see; renders nothing. */}}
{{- define "goflow.check" -}}
{{- include "goflow.checkDags" . -}}
{{- include "goflow.checkSecrets" . -}}
{{- include "goflow.checkDatabase" . -}}
{{- include "goflow.checkSignIn" . -}}
{{- include "goflow.checkLogs" . -}}
{{- end -}}

{{- define "goflow.checkDags" -}}
{{- $dags := .Values.dags -}}
{{- $git := $dags.git -}}
{{- $sources := list -}}
{{- if $dags.files }}{{ $sources = append $sources "dags.files" }}{{ end -}}
{{- if $dags.configMap }}{{ $sources = append $sources "dags.configMap" }}{{ end -}}
{{- if $dags.persistentVolumeClaim.claimName }}{{ $sources = append $sources "dags.persistentVolumeClaim.claimName" }}{{ end -}}
{{- if $git.repository }}{{ $sources = append $sources "dags.git.repository" }}{{ end -}}
{{- if ne (len $sources) 1 -}}
{{- fail (printf "the DAG folder comes from exactly one of dags.files, dags.configMap, dags.persistentVolumeClaim.claimName and dags.git.repository; given: %s" (join ", " $sources | default "none")) -}}
{{- end -}}
{{- if regexMatch "(^|/)[.][.](/|$)" $git.subPath -}}
{{- fail "dags.git.subPath is a folder inside the repository" -}}
{{- end -}}
{{- if regexMatch "^https?://[^/]*@" $git.repository -}}
{{- fail "dags.git.repository holds a password, which would stand in the Deployment: give dags.git.username and dags.git.token" -}}
{{- end -}}
{{- $byHttp := regexMatch "^https?://" $git.repository -}}
{{- if and $git.sshKey.existingSecret.name (or $byHttp (not $git.repository)) -}}
{{- fail "dags.git.sshKey is for a repository by SSH: git@HOST:PATH or ssh://..." -}}
{{- end -}}
{{- if and (or $git.token.value $git.token.existingSecret.name) (not $byHttp) -}}
{{- fail "dags.git.token is for a repository by HTTPS; one by SSH takes dags.git.sshKey" -}}
{{- end -}}
{{- end -}}

{{- define "goflow.checkSecrets" -}}
{{- $root := . -}}
{{- range $setting, $place := include "goflow.secretSettings" . | fromYaml -}}
{{- $values := index $root.Values $place -}}
{{- if and (coalesce $values.url $values.value) $values.existingSecret.name -}}
{{- fail (printf "%s and %s.existingSecret exclude each other" (ternary "database.url" (printf "%s.value" $place) (eq $place "database")) $place) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.dags.git.token.value .Values.dags.git.token.existingSecret.name -}}
{{- fail "dags.git.token.value and dags.git.token.existingSecret exclude each other" -}}
{{- end -}}
{{- range $name, $value := .Values.settings -}}
{{- if and (kindIs "string" $value) (regexMatch "://[^/@]*:[^/@]*@" $value) -}}
{{- fail (printf "settings.%s holds a password, which would stand in the Deployment: give it by a Secret (extraEnv, GOFLOW_%s)" $name (upper $name)) -}}
{{- end -}}
{{- end -}}
{{- $ca := .Values.logsElasticsearchCa -}}
{{- if gt (len (compact (list $ca.value $ca.existingSecret.name $ca.existingConfigMap.name))) 1 -}}
{{- fail "logsElasticsearchCa comes from one of value, existingSecret and existingConfigMap" -}}
{{- end -}}
{{- if and .Values.alerts.config .Values.alerts.existingConfigMap.name -}}
{{- fail "alerts.config and alerts.existingConfigMap exclude each other" -}}
{{- end -}}
{{- end -}}

{{- define "goflow.checkDatabase" -}}
{{- $persistence := .Values.home.persistence -}}
{{- if and (include "goflow.postgres" .) (not (or .Values.encryptionKey.value .Values.encryptionKey.existingSecret.name)) -}}
{{- fail "with PostgreSQL the encryption key must outlive the pod: give encryptionKey.value or encryptionKey.existingSecret" -}}
{{- end -}}
{{- if and $persistence.existingClaim (not $persistence.enabled) -}}
{{- fail "home.persistence.existingClaim is used with home.persistence.enabled alone" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if not (include "goflow.postgres" .) -}}
{{- fail "replicas above 1 need PostgreSQL (database.url or database.existingSecret): SQLite has room for one daemon" -}}
{{- end -}}
{{- if $persistence.enabled -}}
{{- fail "replicas above 1 need a home each: leave home.persistence.enabled out, nothing in it has to outlive a pod" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "goflow.checkSignIn" -}}
{{- $settings := .Values.settings -}}
{{- $secret := or .Values.oidcClientSecret.value .Values.oidcClientSecret.existingSecret.name -}}
{{- if $settings.oidc_issuer -}}
{{- range list "oidc_client_id" "oidc_roles" -}}
{{- if not (index $settings .) -}}
{{- fail (printf "settings.oidc_issuer takes settings.%s as well" .) -}}
{{- end -}}
{{- end -}}
{{- if not (or $secret .Values.oidcClientSecret.publicClient) -}}
{{- fail "settings.oidc_issuer takes oidcClientSecret as well; if the provider has none for GoFlow, say oidcClientSecret.publicClient=true" -}}
{{- end -}}
{{- else if $secret -}}
{{- fail "oidcClientSecret is used with settings.oidc_issuer alone" -}}
{{- end -}}
{{- if and $secret .Values.oidcClientSecret.publicClient -}}
{{- fail "oidcClientSecret.publicClient says that there is no secret, and one is given" -}}
{{- end -}}
{{- if .Values.ingress.create -}}
{{- if not .Values.ingress.hosts -}}
{{- fail "ingress.create takes ingress.hosts as well: the names that people use" -}}
{{- end -}}
{{- range .Values.ingress.tls -}}
{{- range .hosts -}}
{{- if not (has . $.Values.ingress.hosts) -}}
{{- fail (printf "ingress.tls has a certificate for %s, which is not among ingress.hosts" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (or $settings.oidc_issuer .Values.adminPassword.value .Values.adminPassword.existingSecret.name) -}}
{{- fail "an Ingress opens the page to people, and they need a way to sign in: adminPassword, or an identity provider (settings.oidc_issuer)" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "goflow.checkLogs" -}}
{{- $settings := .Values.settings -}}
{{- $store := default "database" $settings.logs_store -}}
{{- $password := or .Values.logsElasticsearchPassword.value .Values.logsElasticsearchPassword.existingSecret.name -}}
{{- $apiKey := or .Values.logsElasticsearchApiKey.value .Values.logsElasticsearchApiKey.existingSecret.name -}}
{{- $ca := include "goflow.elasticsearchCa" . -}}
{{- if eq $store "elasticsearch" -}}
{{- if not $settings.logs_elasticsearch_url -}}
{{- fail "settings.logs_store=elasticsearch takes settings.logs_elasticsearch_url as well" -}}
{{- end -}}
{{- if and $password $apiKey -}}
{{- fail "logsElasticsearchApiKey stands in place of a password: give one of the two" -}}
{{- end -}}
{{- if ne (not $password) (not $settings.logs_elasticsearch_user) -}}
{{- fail "settings.logs_elasticsearch_user and logsElasticsearchPassword are given together" -}}
{{- end -}}
{{- else if or $settings.logs_elasticsearch_url $password $apiKey $ca -}}
{{- fail (printf "Elasticsearch is set, and settings.logs_store is %s: say elasticsearch there" $store) -}}
{{- end -}}
{{- if and (eq $store "objects") (not $settings.logs_objects_url) -}}
{{- fail "settings.logs_store=objects takes settings.logs_objects_url as well" -}}
{{- end -}}
{{- end -}}
