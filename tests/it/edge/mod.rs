//! What the emulator answers over real HTTP.

mod admin;
mod database;
mod door;
mod function;
mod gateway;
mod https;
mod identity;
mod legacy;
mod lifecycle;
mod limits;
mod oauth;
mod object;
mod outside;
mod realtime;
mod refusals;
mod storage;
mod uploads;
mod web;
mod wechat;
