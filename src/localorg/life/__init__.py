"""What happens to records besides being written: conversion, merging, the recycle bin."""
