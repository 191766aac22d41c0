{{/* What the schema cannot say about values that are each fine by themselves. */}}
{{- define "ip.refuse" -}}
{{- $v := .Values -}}
{{- if and (not $v.persistence.enabled) (not $v.persistence.confirmLoss) -}}
{{- fail "persistence.enabled is false: every record would end with its pod. Set persistence.confirmLoss to true if that is meant." -}}
{{- end -}}
{{- if and (not $v.persistence.enabled) $v.persistence.existingClaim -}}
{{- fail "persistence.existingClaim is set and persistence.enabled is false: choose one." -}}
{{- end -}}
{{- if and $v.sharding.enabled $v.persistence.existingClaim -}}
{{- fail "sharding.enabled needs a volume for each pod: leave persistence.existingClaim empty." -}}
{{- end -}}
{{- if and $v.sharding.enabled (or $v.steward.existingSecret $v.webhook.enabled) -}}
{{- fail "sharding.enabled: several stewards would fetch and delete the same interactions. Run the steward in a release of its own, with replicaCount 1." -}}
{{- end -}}
{{- if and $v.adminTls.existingSecret (not $v.admin.existingSecret) -}}
{{- fail "adminTls.existingSecret: the admin listener answers inside the pod only. Set admin.existingSecret, too." -}}
{{- end -}}
{{- if and $v.adminClientCa.existingConfigMap (not $v.adminTls.existingSecret) -}}
{{- fail "adminClientCa.existingConfigMap: certificates of clients are asked for over TLS only. Set adminTls.existingSecret, too." -}}
{{- end -}}
{{- if and $v.outboundProxy.peers (not $v.outboundProxy.url) -}}
{{- fail "outboundProxy.peers is set and outboundProxy.url is empty: nothing would go there." -}}
{{- end -}}
{{- if and $v.fleet.egress (not $v.fleet.existingSecret) -}}
{{- fail "fleet.egress is set and fleet.existingSecret is empty: nothing would go there." -}}
{{- end -}}
{{- if and $v.fleet.existingSecret (not $v.persistence.enabled) -}}
{{- fail "fleet.existingSecret is set and persistence.enabled is false: a pod would come back with another vault under its old name, which the engine refuses." -}}
{{- end -}}
{{- if and $v.retentionPolicies.existingConfigMap (not $v.steward.existingSecret) -}}
{{- fail "retentionPolicies.existingConfigMap: nobody could delete anything without the steward's credential. Set steward.existingSecret." -}}
{{- end -}}
{{- if and (gt (int $v.replicaCount) 1) (not $v.sharding.enabled) -}}
{{- fail "replicaCount above 1 means several stores: say that with sharding.enabled." -}}
{{- end -}}
{{- $needed := add (int $v.preStopSleepSeconds) 48 (int (ceil (dig "gateway" "drain_s" 12.0 $v.settings))) -}}
{{- if lt (int $v.terminationGracePeriodSeconds) (int $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds must be at least %d: preStopSleepSeconds, settings.gateway.drain_s, and what the proxy takes to stop in order." (int $needed)) -}}
{{- end -}}
{{- end }}

{{/* The names by which others reach the admin listener. The proxy adds :8081 to each by itself. */}}
{{- define "ip.adminHosts" -}}
{{- $root := . -}}
{{- $name := include "ip.fullname" . -}}
{{- $hosts := list $name -}}
{{- $objects := list $name -}}
{{- range $number := until (int .Values.replicaCount) -}}
{{- $objects = append $objects (printf "%s-%d.%s-pods" $name $number $name) -}}
{{- end -}}
{{- range $object := $objects -}}
{{- range $end := list "" ".svc" ".svc.cluster.local" -}}
{{- $hosts = append $hosts (printf "%s.%s%s" $object $root.Release.Namespace $end) -}}
{{- end -}}
{{- end -}}
{{- $port := int .Values.service.adminPort -}}
{{- if ne $port 8081 -}}
{{- range $host := $hosts -}}
{{- $hosts = append $hosts (printf "%s:%d" $host $port) -}}
{{- end -}}
{{- end -}}
{{- concat $hosts $root.Values.admin.hosts | uniq | join "," -}}
{{- end }}

{{/*
The settings file. The names that are set here are the chart's own (OWNED in helm/schema.py, which reads
them from this file); values.schema.json refuses them under `settings`.
*/}}
{{- define "ip.settings" -}}
{{- $v := .Values -}}
{{- $own := dict -}}
{{- $_ := set $own "data.folder" "/var/lib/interactions-proxy/records" -}}
{{- $_ := set $own "listen.address" $v.listenAddress -}}
{{- $_ := set $own "listen.port" 8080 -}}
{{- $_ := set $own "ops.address" $v.listenAddress -}}
{{- $_ := set $own "ops.port" 9464 -}}
{{- $_ := set $own "log.format" "json" -}}
{{- $_ := set $own "admin.address" "127.0.0.1" -}}
{{- $_ := set $own "admin.port" 8081 -}}
{{- if $v.admin.existingSecret -}}
{{- $_ := set $own "admin.address" $v.listenAddress -}}
{{- $_ := set $own "admin.hosts" (include "ip.adminHosts" .) -}}
{{- $_ := set $own "admin.tokens_file" "/etc/interactions-proxy/admin/tokens.json" -}}
{{- else if $v.admin.hosts -}}
{{- $_ := set $own "admin.hosts" (join "," $v.admin.hosts) -}}
{{- end -}}
{{- if $v.masterKey.existingSecret -}}
{{- $_ := set $own "keys.master_file" "/etc/interactions-proxy/keys/master.key" -}}
{{- end -}}
{{- if $v.steward.existingSecret -}}
{{- $_ := set $own "steward.credential_file" "/etc/interactions-proxy/steward/credential" -}}
{{- end -}}
{{- if $v.webhook.enabled -}}
{{- $_ := set $own "webhook.listen" "on" -}}
{{- $_ := set $own "webhook.address" $v.listenAddress -}}
{{- $_ := set $own "webhook.port" 8082 -}}
{{- if $v.webhook.existingSecret -}}
{{- $_ := set $own "webhook.secret_file" "/etc/interactions-proxy/webhook/secrets" -}}
{{- end -}}
{{- end -}}
{{- if $v.tls.existingSecret -}}
{{- $_ := set $own "listen.tls_certificate_file" "/etc/interactions-proxy/tls/tls.crt" -}}
{{- $_ := set $own "listen.tls_key_file" "/etc/interactions-proxy/tls/tls.key" -}}
{{- end -}}
{{- if $v.adminTls.existingSecret -}}
{{- $_ := set $own "admin.tls_certificate_file" "/etc/interactions-proxy/admin-tls/tls.crt" -}}
{{- $_ := set $own "admin.tls_key_file" "/etc/interactions-proxy/admin-tls/tls.key" -}}
{{- end -}}
{{- if $v.adminClientCa.existingConfigMap -}}
{{- $_ := set $own "admin.tls_client_ca_file" "/etc/interactions-proxy/admin-client-ca/ca.crt" -}}
{{- end -}}
{{- if $v.outboundProxy.url -}}
{{- $_ := set $own "upstream.proxy_url" $v.outboundProxy.url -}}
{{- end -}}
{{- if $v.fleet.existingSecret -}}
{{- $_ := set $own "fleet.engine_file" "/etc/interactions-proxy/fleet/engine.toml" -}}
{{- end -}}
{{- if $v.upstreamCa.existingConfigMap -}}
{{- $_ := set $own "upstream.ca_file" "/etc/interactions-proxy/upstream-ca/ca.crt" -}}
{{- end -}}
{{- if $v.retentionPolicies.existingConfigMap -}}
{{- $_ := set $own "retention.policies_file" "/etc/interactions-proxy/retention/policies.toml" -}}
{{- end -}}
{{- if $v.priceBook.existingConfigMap -}}
{{- $_ := set $own "costs.book_file" "/etc/interactions-proxy/price-book/book.json" -}}
{{- end -}}
{{- $all := dict -}}
{{- range $section, $names := $v.settings -}}
{{- range $name, $value := $names -}}
{{- $_ := set $all (printf "%s.%s" $section $name) $value -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $all $own }}
{{ $name }} = {{ include "ip.toml" $value }}
{{- end -}}
{{- end }}

{{/* A value in TOML. Helm reads every number as a float; a whole one is written as such. */}}
{{- define "ip.toml" -}}
{{- if kindIs "string" . -}}
{{ toJson . }}
{{- else if eq (floor .) (float64 .) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}

{{/* What is mounted below /etc/interactions-proxy: kind, object, folder, and entry and file, or several of them. */}}
{{- define "ip.mounted" -}}
{{- $v := .Values -}}
{{- $found := list -}}
{{- if $v.masterKey.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.masterKey.existingSecret "key" $v.masterKey.key "folder" "keys" "file" "master.key") -}}
{{- end -}}
{{- if $v.admin.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.admin.existingSecret "key" $v.admin.key "folder" "admin" "file" "tokens.json") -}}
{{- end -}}
{{- if $v.steward.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.steward.existingSecret "key" $v.steward.key "folder" "steward" "file" "credential") -}}
{{- end -}}
{{- if and $v.webhook.enabled $v.webhook.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.webhook.existingSecret "key" $v.webhook.key "folder" "webhook" "file" "secrets") -}}
{{- end -}}
{{- if $v.tls.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.tls.existingSecret "folder" "tls" "items" (list (dict "key" $v.tls.certificate "path" "tls.crt") (dict "key" $v.tls.privateKey "path" "tls.key"))) -}}
{{- end -}}
{{- if $v.adminTls.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.adminTls.existingSecret "folder" "admin-tls" "items" (list (dict "key" $v.adminTls.certificate "path" "tls.crt") (dict "key" $v.adminTls.privateKey "path" "tls.key"))) -}}
{{- end -}}
{{- if $v.adminClientCa.existingConfigMap -}}
{{- $found = append $found (dict "kind" "configMap" "from" $v.adminClientCa.existingConfigMap "key" $v.adminClientCa.key "folder" "admin-client-ca" "file" "ca.crt") -}}
{{- end -}}
{{- if $v.fleet.existingSecret -}}
{{- $found = append $found (dict "kind" "secret" "from" $v.fleet.existingSecret "folder" "fleet" "items" (list (dict "key" $v.fleet.key "path" "engine.toml") (dict "key" $v.fleet.fingerprintKey "path" "fingerprint.key"))) -}}
{{- end -}}
{{- if $v.upstreamCa.existingConfigMap -}}
{{- $found = append $found (dict "kind" "configMap" "from" $v.upstreamCa.existingConfigMap "key" $v.upstreamCa.key "folder" "upstream-ca" "file" "ca.crt") -}}
{{- end -}}
{{- if $v.retentionPolicies.existingConfigMap -}}
{{- $found = append $found (dict "kind" "configMap" "from" $v.retentionPolicies.existingConfigMap "key" $v.retentionPolicies.key "folder" "retention" "file" "policies.toml") -}}
{{- end -}}
{{- if $v.priceBook.existingConfigMap -}}
{{- $found = append $found (dict "kind" "configMap" "from" $v.priceBook.existingConfigMap "key" $v.priceBook.key "folder" "price-book" "file" "book.json") -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}
