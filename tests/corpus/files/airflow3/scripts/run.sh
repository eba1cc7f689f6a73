#!/bin/bash
echo "{{ ds }}"
