echo three {% if true %}x{% endif %}
