{{- define "warren.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "warren.labels" -}}
app.kubernetes.io/name: warren
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "warren.secret" -}}
{{- default (include "warren.name" .) .Values.auth.existingSecret -}}
{{- end -}}
